-- What a school had in its database with the first version (0001): a row or two of each kind that later versions must keep.
-- Plain SQL that SQLite and PostgreSQL both read. It is never changed: a later version's test brings a file of its own.
INSERT INTO staff (name, email, role, has_left) VALUES ('Ms Okafor', 'n.okafor@school.example', 'teacher', false);
INSERT INTO staff (name, email, role, has_left) VALUES ('Mrs Adebayo', 'head@school.example', 'senior', false);
INSERT INTO school_classes (name, teacher_id) VALUES ('Maple', 1);
INSERT INTO class_staff (class_id, staff_id) VALUES (1, 1);
INSERT INTO working_hours (staff_id, weekday, starts, ends) VALUES (1, 0, '08:15:00.000000', '16:30:00.000000');
INSERT INTO groups (name) VALUES ('Helpers');
INSERT INTO adults (reference, name, language, notes) VALUES ('a1', 'Amina Yusuf', 'so', '');
INSERT INTO adult_groups (adult_id, group_id) VALUES (1, 1);
INSERT INTO children (reference, name, class_id, joined_on) VALUES ('c1', 'Ayaan Yusuf', 1, '2025-09-03');
INSERT INTO guardianships (adult_id, child_id, relationship, may_hear, may_book, may_be_asked, may_collect) VALUES (1, 1, 'mother', true, true, true, false);
INSERT INTO addresses (channel, kind, value, state) VALUES ('sms', 'phone', '+447700900101', 'usable');
INSERT INTO adult_addresses (adult_id, address_id, rank) VALUES (1, 1, 0);
INSERT INTO terms (starts, ends, what) VALUES ('2026-01-05', '2026-03-27', 'term');
INSERT INTO availability (staff_id, kind, weekday, starts, ends, minutes) VALUES (1, 'teacher', 3, '15:10:00.000000', '16:10:00.000000', 20);
INSERT INTO appointments (kind, child_id, adult_id, starts_at, minutes, way, interpreter, access_needs, note, state, version, token, booked_at)
  VALUES ('teacher', 1, 1, '2026-03-05 15:10:00.000000', 20, 'in_person', 'so', '', 'Ask about the coach', 'booked', 1, 'token-of-the-first', '2026-03-02 09:12:00.000000');
INSERT INTO appointment_staff (appointment_id, staff_id, position) VALUES (1, 1, 0);
INSERT INTO occupied (staff_id, cell, appointment_id) VALUES (1, 5908502, 1);
INSERT INTO invitations (child_id, kind, first_on, last_on) VALUES (1, 'ehcp', '2026-04-20', '2026-05-08');
INSERT INTO waiting (adult_id, child_id, staff_id, since) VALUES (1, 1, 1, '2026-03-02 09:12:00.000000');
INSERT INTO leases (name, holder, fence, expires_at) VALUES ('ticker', 'aaaa', 7, '2026-03-02 09:12:00.000000');
